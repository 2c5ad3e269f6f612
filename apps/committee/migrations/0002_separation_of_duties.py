"""Whoever has an interest in a file neither reports, votes nor records; what was answered, declared, recorded stays."""

from django.db import migrations

GUARD = """
CREATE FUNCTION committee_is_recused(who uuid, dossier uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH today AS (SELECT (now() AT TIME ZONE 'Europe/Paris')::date AS day),
    theirs AS (
        SELECT m.organisation_id FROM accounts_mandate m, today
        WHERE m.person_id = who AND m.starts_on <= day AND (m.ends_on IS NULL OR m.ends_on >= day)
        UNION
        SELECT i.organisation_id FROM committee_interest i, today
        WHERE i.person_id = who AND i.starts_on <= day AND (i.counts_until IS NULL OR i.counts_until >= day)
    )
    SELECT EXISTS (
        SELECT 1 FROM applications_application a WHERE a.id = dossier
        AND (a.created_by_id = who OR a.organisation_id IN (SELECT organisation_id FROM theirs))
    ) OR EXISTS (
        SELECT 1 FROM applications_member m WHERE m.application_id = dossier
        AND (m.person_id = who OR m.organisation_id IN (SELECT organisation_id FROM theirs))
    ) OR EXISTS (
        SELECT 1 FROM committee_disclosure d
        WHERE d.application_id = dossier AND d.person_id = who AND d.has_interest
    )
$$;

CREATE FUNCTION committee_ballot_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    dossier uuid;
    present varchar;
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.voided_at IS NOT NULL
        OR NEW.id <> OLD.id OR NEW.file_id <> OLD.file_id OR NEW.kind <> OLD.kind OR NEW.person_id <> OLD.person_id
        OR NEW.content_hash <> OLD.content_hash OR NEW.asked_by_id <> OLD.asked_by_id OR NEW.asked_at <> OLD.asked_at
        OR (OLD.answered_at IS NOT NULL AND (NEW.answered_at, NEW.outcome, NEW.comment, NEW.recommendations)
            IS DISTINCT FROM (OLD.answered_at, OLD.outcome, OLD.comment, OLD.recommendations)))
    THEN
        RAISE EXCEPTION 'a ballot is answered once and never changed' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.voided_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    SELECT f.application_id, a.content_hash INTO dossier, present FROM committee_file f
        JOIN applications_application a ON a.id = f.application_id WHERE f.id = NEW.file_id;
    IF committee_is_recused(NEW.person_id, dossier) THEN
        RAISE EXCEPTION 'whoever has an interest in a file neither reports nor votes on it'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.content_hash IS DISTINCT FROM present THEN
        RAISE EXCEPTION 'a ballot is bound to the content that lies before the committee'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER committee_ballot_sound BEFORE INSERT OR UPDATE ON committee_ballot
    FOR EACH ROW EXECUTE FUNCTION committee_ballot_is_sound();

CREATE FUNCTION committee_opinion_is_sound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    dossier uuid;
    bound varchar;
    present varchar;
BEGIN
    SELECT f.application_id, f.content_hash, a.content_hash INTO dossier, bound, present FROM committee_file f
        JOIN applications_application a ON a.id = f.application_id WHERE f.id = NEW.file_id;
    IF committee_is_recused(NEW.by_id, dossier) THEN
        RAISE EXCEPTION 'whoever has an interest in a file records no opinion on it' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.content_hash IS DISTINCT FROM present OR bound IS DISTINCT FROM present THEN
        RAISE EXCEPTION 'an opinion is bound to the content that was voted on' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER committee_opinion_sound BEFORE INSERT ON committee_opinion
    FOR EACH ROW EXECUTE FUNCTION committee_opinion_is_sound();

CREATE FUNCTION committee_keeps_what_is_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER committee_opinion_append_only BEFORE UPDATE OR DELETE ON committee_opinion
    FOR EACH ROW EXECUTE FUNCTION committee_keeps_what_is_said();
CREATE TRIGGER committee_recommendation_append_only BEFORE UPDATE OR DELETE ON committee_recommendation
    FOR EACH ROW EXECUTE FUNCTION committee_keeps_what_is_said();
CREATE TRIGGER committee_disclosure_append_only BEFORE UPDATE OR DELETE ON committee_disclosure
    FOR EACH ROW EXECUTE FUNCTION committee_keeps_what_is_said();
CREATE TRIGGER committee_ballot_stays BEFORE DELETE ON committee_ballot
    FOR EACH ROW EXECUTE FUNCTION committee_keeps_what_is_said();
CREATE TRIGGER committee_interest_stays BEFORE DELETE ON committee_interest
    FOR EACH ROW EXECUTE FUNCTION committee_keeps_what_is_said();

CREATE FUNCTION committee_interest_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ends_on IS NOT NULL OR NEW.ends_on IS NULL OR NEW.counts_until IS NULL
        OR (NEW.id, NEW.person_id, NEW.organisation_id, NEW.nature, NEW.starts_on, NEW.declared_at)
            IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.organisation_id, OLD.nature, OLD.starts_on, OLD.declared_at)
    THEN
        RAISE EXCEPTION 'a declared interest can only end, once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER committee_interest_ends BEFORE UPDATE ON committee_interest
    FOR EACH ROW EXECUTE FUNCTION committee_interest_only_ends();

CREATE FUNCTION committee_disclosure_comes_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.has_interest AND EXISTS (
        SELECT 1 FROM committee_ballot b JOIN committee_file f ON f.id = b.file_id
        WHERE f.application_id = NEW.application_id AND b.person_id = NEW.person_id AND b.voided_at IS NULL
            AND f.stage IN ('waiting', 'scheduled', 'voting', 'counted')
    ) THEN
        RAISE EXCEPTION 'the ballots of whoever declares an interest are voided first'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER committee_disclosure_voids BEFORE INSERT ON committee_disclosure
    FOR EACH ROW EXECUTE FUNCTION committee_disclosure_comes_first();
"""
UNGUARD = """
DROP TRIGGER committee_disclosure_voids ON committee_disclosure;
DROP FUNCTION committee_disclosure_comes_first();
DROP TRIGGER committee_interest_ends ON committee_interest;
DROP FUNCTION committee_interest_only_ends();
DROP TRIGGER committee_interest_stays ON committee_interest;
DROP TRIGGER committee_ballot_stays ON committee_ballot;
DROP TRIGGER committee_disclosure_append_only ON committee_disclosure;
DROP TRIGGER committee_recommendation_append_only ON committee_recommendation;
DROP TRIGGER committee_opinion_append_only ON committee_opinion;
DROP FUNCTION committee_keeps_what_is_said();
DROP TRIGGER committee_opinion_sound ON committee_opinion;
DROP FUNCTION committee_opinion_is_sound();
DROP TRIGGER committee_ballot_sound ON committee_ballot;
DROP FUNCTION committee_ballot_is_sound();
DROP FUNCTION committee_is_recused(uuid, uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("committee", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
