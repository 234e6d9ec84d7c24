-- age_stage: one row per statement of an age that a person can have, by its rank, with the stage of life that it gives.
CREATE OR REPLACE TEMP TABLE age_stage AS
SELECT rank, unit, CASE
    WHEN unit = 'week of gestation' THEN if(value::DOUBLE < 10, 'embryonic stage', 'fetal stage')
    WHEN unit = 'year' AND value::DOUBLE >= 1 THEN floor(value::DOUBLE)::INTEGER || '-year-old stage'
    WHEN unit = 'month' AND value::DOUBLE >= 24 THEN floor(value::DOUBLE / 12)::INTEGER || '-year-old stage'
    WHEN unit = 'month' AND value::DOUBLE >= 1 THEN floor(value::DOUBLE)::INTEGER || '-month-old stage'
    WHEN unit = 'day' AND value::DOUBLE <= 28 THEN 'newborn stage (0-28 days)'
END AS stage
FROM fact_evidence WHERE fact = 'age' AND try_cast(value AS DOUBLE) <= if(unit = 'year', 120, 2000);
