"""Days and hours in English."""
