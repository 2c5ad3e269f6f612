"""A verdict once given stays, whoever asks."""

from django.db import migrations

GUARD = """
CREATE FUNCTION reviews_item_keeps_its_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.verdict <> 'pending' THEN
        RAISE EXCEPTION 'a verdict once given stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reviews_item_verdict_stays BEFORE UPDATE ON reviews_reviewitem
    FOR EACH ROW EXECUTE FUNCTION reviews_item_keeps_its_verdict();
"""
UNGUARD = """
DROP TRIGGER reviews_item_verdict_stays ON reviews_reviewitem;
DROP FUNCTION reviews_item_keeps_its_verdict();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
