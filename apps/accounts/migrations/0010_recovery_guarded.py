"""Two different stewards, neither of them the person, and a delay: in the database too."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_recovery_is_vouched_for() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'asked' OR NEW.first_by_id IS NOT NULL OR NEW.second_by_id IS NOT NULL THEN
            RAISE EXCEPTION 'a recovery begins with nobody vouching' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.person_id IS DISTINCT FROM OLD.person_id
        OR (OLD.first_by_id IS NOT NULL AND NEW.first_by_id IS DISTINCT FROM OLD.first_by_id)
        OR (OLD.second_by_id IS NOT NULL AND NEW.second_by_id IS DISTINCT FROM OLD.second_by_id)
        OR (OLD.due_at IS NOT NULL AND NEW.due_at < OLD.due_at)
        OR (OLD.status IN ('done', 'cancelled', 'refused', 'expired') AND NEW.status <> OLD.status)
    THEN
        RAISE EXCEPTION 'who vouched, when it is due and how it ended do not change' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.first_by_id IS DISTINCT FROM OLD.first_by_id THEN
        PERFORM accounts_must_be_steward(NEW.first_by_id);
    END IF;
    IF NEW.second_by_id IS DISTINCT FROM OLD.second_by_id THEN
        PERFORM accounts_must_be_steward(NEW.second_by_id);
    END IF;
    IF NEW.status IN ('waiting', 'open', 'done') AND (
        NEW.first_by_id IS NULL OR NEW.second_by_id IS NULL OR NEW.due_at IS NULL
    ) THEN
        RAISE EXCEPTION 'a recovery takes two stewards and a delay' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status IN ('open', 'done') AND NEW.due_at > clock_timestamp() THEN
        RAISE EXCEPTION 'the delay of this recovery has not gone by' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'done' AND OLD.status NOT IN ('open', 'done') THEN
        RAISE EXCEPTION 'a recovery is finished by its link alone' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION accounts_must_be_steward(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM accounts_staffrole r JOIN accounts_person p ON p.id = r.person_id AND p.is_active
        WHERE r.person_id = person AND r.role = 'steward' AND r.starts_on <= CURRENT_DATE + 1
            AND (r.ends_on IS NULL OR r.ends_on >= CURRENT_DATE - 1)
    ) THEN
        RAISE EXCEPTION 'only a steward vouches for a recovery' USING ERRCODE = 'check_violation';
    END IF;
END $$;

CREATE TRIGGER accounts_recovery_two_stewards BEFORE INSERT OR UPDATE ON accounts_accountrecovery
    FOR EACH ROW EXECUTE FUNCTION accounts_recovery_is_vouched_for();
"""
UNGUARD = """
DROP TRIGGER accounts_recovery_two_stewards ON accounts_accountrecovery;
DROP FUNCTION accounts_recovery_is_vouched_for();
DROP FUNCTION accounts_must_be_steward(uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_recovery")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
