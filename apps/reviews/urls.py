"""URLs of access reviews."""

from django.urls import path

from apps.reviews import views

app_name = "reviews"
urlpatterns = [
    path("revues-des-acces/", views.listing, name="list"),
    path("revues-des-acces/ouvrir/", views.begin, name="open"),
    path("revues-des-acces/<uuid:review_id>/", views.review, name="review"),
    path("revues-des-acces/<uuid:review_id>/avis/", views.decide, name="decide"),
]
