"""How days and hours are written, where Django's own choice does not suit readers in France."""
