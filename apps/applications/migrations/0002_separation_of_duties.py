from django.db import migrations

GUARD = """
CREATE FUNCTION applications_decider_is_independent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM applications_member m WHERE m.application_id = NEW.application_id AND m.person_id = NEW.by_id
    ) OR EXISTS (
        SELECT 1 FROM applications_application a WHERE a.id = NEW.application_id AND a.created_by_id = NEW.by_id
    ) THEN
        RAISE EXCEPTION 'nobody decides on a dossier of their own' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER applications_decision_independent BEFORE INSERT ON applications_decision
    FOR EACH ROW EXECUTE FUNCTION applications_decider_is_independent();

CREATE FUNCTION applications_member_never_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM applications_decision d WHERE d.application_id = NEW.application_id AND d.by_id = NEW.person_id
    ) THEN
        RAISE EXCEPTION 'whoever decided on a dossier does not join its team' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER applications_member_independent BEFORE INSERT OR UPDATE ON applications_member
    FOR EACH ROW EXECUTE FUNCTION applications_member_never_decided();

CREATE FUNCTION applications_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER applications_decision_append_only BEFORE UPDATE OR DELETE ON applications_decision
    FOR EACH ROW EXECUTE FUNCTION applications_is_append_only();
CREATE TRIGGER applications_returnreason_append_only BEFORE UPDATE OR DELETE ON applications_returnreason
    FOR EACH ROW EXECUTE FUNCTION applications_is_append_only();
CREATE TRIGGER applications_submission_append_only BEFORE UPDATE OR DELETE ON applications_submission
    FOR EACH ROW EXECUTE FUNCTION applications_is_append_only();
"""
UNGUARD = """
DROP TRIGGER applications_submission_append_only ON applications_submission;
DROP TRIGGER applications_returnreason_append_only ON applications_returnreason;
DROP TRIGGER applications_decision_append_only ON applications_decision;
DROP FUNCTION applications_is_append_only();
DROP TRIGGER applications_member_independent ON applications_member;
DROP FUNCTION applications_member_never_decided();
DROP TRIGGER applications_decision_independent ON applications_decision;
DROP FUNCTION applications_decider_is_independent();
"""


class Migration(migrations.Migration):
    dependencies = [("applications", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
