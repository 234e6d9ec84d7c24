-- override_matches_a_sample: a decision about a sample, series or text that is not in the build is a slip, or a sample
-- that went away.
SELECT override.override_id, override.scope, override.target, override.curator
FROM override
ANTI JOIN override_hit USING (override_id)
ORDER BY override.override_id;
