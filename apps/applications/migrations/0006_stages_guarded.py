from django.db import migrations

GUARD = """
CREATE TRIGGER applications_stageoutcome_append_only BEFORE UPDATE OR DELETE ON applications_stageoutcome
    FOR EACH ROW EXECUTE FUNCTION applications_is_append_only();
CREATE TRIGGER applications_stageoutcome_independent BEFORE INSERT ON applications_stageoutcome
    FOR EACH ROW WHEN (NEW.stage IN ('completeness', 'committee', 'cnil', 'decision'))
    EXECUTE FUNCTION applications_decider_is_independent();
"""
UNGUARD = """
DROP TRIGGER applications_stageoutcome_independent ON applications_stageoutcome;
DROP TRIGGER applications_stageoutcome_append_only ON applications_stageoutcome;
"""


class Migration(migrations.Migration):
    dependencies = [("applications", "0005_stages")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
