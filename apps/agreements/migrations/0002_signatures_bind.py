"""A signature binds a mandate that holds to the document of the present version; neither changes afterwards."""

from django.db import migrations

GUARD = """
CREATE FUNCTION agreements_signature_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Europe/Paris')::date;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL
            OR (NEW.id, NEW.document_version_id, NEW.party_id, NEW.person_id, NEW.mandate_id, NEW.document_hash,
                NEW.record, NEW.record_hash, NEW.signed_at)
            IS DISTINCT FROM (OLD.id, OLD.document_version_id, OLD.party_id, OLD.person_id, OLD.mandate_id,
                OLD.document_hash, OLD.record, OLD.record_hash, OLD.signed_at)
        THEN
            RAISE EXCEPTION 'a signature is never changed, it only becomes void' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (
        SELECT 1 FROM agreements_version v JOIN agreements_party p ON p.agreement_id = v.agreement_id
        JOIN accounts_mandate m ON m.organisation_id = p.organisation_id
        WHERE v.id = NEW.document_version_id AND v.superseded_at IS NULL AND v.document_hash = NEW.document_hash
            AND v.document_hash <> '' AND p.id = NEW.party_id AND m.id = NEW.mandate_id AND m.may_sign
            AND m.person_id = NEW.person_id AND m.starts_on <= today AND (m.ends_on IS NULL OR m.ends_on >= today)
    ) THEN
        RAISE EXCEPTION 'a signature needs a mandate that holds and the document of the present version'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreements_signature_sound BEFORE INSERT OR UPDATE ON agreements_signature
    FOR EACH ROW EXECUTE FUNCTION agreements_signature_is_sound();

CREATE FUNCTION agreements_version_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.superseded_at IS NOT NULL
        OR (OLD.document_hash <> '' AND (NEW.document_hash <> OLD.document_hash OR NEW.document <> OLD.document))
        OR (NEW.agreement_id, NEW.number, NEW.content, NEW.content_hash, NEW.clauses, NEW.reason, NEW.made_by_id,
            NEW.made_at)
        IS DISTINCT FROM (OLD.agreement_id, OLD.number, OLD.content, OLD.content_hash, OLD.clauses, OLD.reason,
            OLD.made_by_id, OLD.made_at)
    THEN
        RAISE EXCEPTION 'what an agreement says is changed by a new version only' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreements_version_fixed BEFORE UPDATE ON agreements_version
    FOR EACH ROW EXECUTE FUNCTION agreements_version_is_fixed();

CREATE FUNCTION agreements_keeps_what_is_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER agreements_signature_stays BEFORE DELETE ON agreements_signature
    FOR EACH ROW EXECUTE FUNCTION agreements_keeps_what_is_said();
CREATE TRIGGER agreements_version_stays BEFORE DELETE ON agreements_version
    FOR EACH ROW EXECUTE FUNCTION agreements_keeps_what_is_said();
CREATE TRIGGER agreements_refusal_stays BEFORE UPDATE OR DELETE ON agreements_refusal
    FOR EACH ROW EXECUTE FUNCTION agreements_keeps_what_is_said();
"""
UNGUARD = """
DROP TRIGGER agreements_refusal_stays ON agreements_refusal;
DROP TRIGGER agreements_version_stays ON agreements_version;
DROP TRIGGER agreements_signature_stays ON agreements_signature;
DROP FUNCTION agreements_keeps_what_is_said();
DROP TRIGGER agreements_version_fixed ON agreements_version;
DROP FUNCTION agreements_version_is_fixed();
DROP TRIGGER agreements_signature_sound ON agreements_signature;
DROP FUNCTION agreements_signature_is_sound();
"""


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_initial"), ("accounts", "0006_committee_and_signatories")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
