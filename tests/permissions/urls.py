"""The portal's addresses, and one whose view declares nothing: nobody may get through to it."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def undeclared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("reached")


urlpatterns = [path("", include("hdh_portal.urls")), path("essai/non-declare/", undeclared, name="undeclared")]
handler400 = "apps.core.views.bad_request"
handler403 = "apps.core.views.forbidden"
handler404 = "apps.core.views.not_found"
handler500 = "apps.core.views.server_error"
