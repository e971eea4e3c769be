SELECT
  "customers"."customer_id"
FROM "master"."customers" AS "customers"
LEFT JOIN "churn"."scores" AS "churn__scores"
  ON "churn__scores"."customer_id" = "customers"."customer_id"
LEFT JOIN "marts"."loyalty" AS "marts__loyalty"
  ON "marts__loyalty"."customer_key" = "customers"."customer_id"
WHERE
  LOWER("customers"."country") IN (LOWER('FR'), LOWER('it''s'))
  OR LEFT("customers"."city", LENGTH('São')) = 'São'
  OR (
    POSITION(LOWER('& Co') IN LOWER("customers"."company")) > 0
    OR "customers"."company" IS NULL
  )
  OR "customers"."total_spent" BETWEEN -5.5 AND 100
  OR "customers"."date_of_birth" < CAST('2000-02-29' AS DATE)
  OR NOT LOWER("churn__scores"."risk_band") <> LOWER('high')
  OR RIGHT(LOWER("marts__loyalty"."tier"), LENGTH(LOWER('ld'))) = LOWER('ld')
  OR (
    CAST(SUBSTRING((
      CASE
        WHEN JSONB_TYPEOF(
          CAST(CASE
            WHEN LEFT(LTRIM("marts__loyalty"."card"), 1) = '{'
            AND RIGHT(RTRIM("marts__loyalty"."card"), 1) = '}'
            THEN "marts__loyalty"."card"
          END AS JSONB) #> '{"years","held"}'
        ) IN ('string', 'number', 'boolean')
        THEN CAST(CASE
          WHEN LEFT(LTRIM("marts__loyalty"."card"), 1) = '{'
          AND RIGHT(RTRIM("marts__loyalty"."card"), 1) = '}'
          THEN "marts__loyalty"."card"
        END AS JSONB) #>> '{"years","held"}'
      END
    ) FROM '(^-?[0-9]{1,30}([.][0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$)') AS DOUBLE PRECISION)
  ) >= 2
  OR CASE
    WHEN (
      CASE
        WHEN JSONB_TYPEOF(
          CAST(CASE
            WHEN LEFT(LTRIM("marts__loyalty"."card"), 1) = '{'
            AND RIGHT(RTRIM("marts__loyalty"."card"), 1) = '}'
            THEN "marts__loyalty"."card"
          END AS JSONB) #> '{"is_lost"}'
        ) IN ('string', 'number', 'boolean')
        THEN CAST(CASE
          WHEN LEFT(LTRIM("marts__loyalty"."card"), 1) = '{'
          AND RIGHT(RTRIM("marts__loyalty"."card"), 1) = '}'
          THEN "marts__loyalty"."card"
        END AS JSONB) #>> '{"is_lost"}'
      END
    ) = 'true'
    THEN TRUE
    WHEN (
      CASE
        WHEN JSONB_TYPEOF(
          CAST(CASE
            WHEN LEFT(LTRIM("marts__loyalty"."card"), 1) = '{'
            AND RIGHT(RTRIM("marts__loyalty"."card"), 1) = '}'
            THEN "marts__loyalty"."card"
          END AS JSONB) #> '{"is_lost"}'
        ) IN ('string', 'number', 'boolean')
        THEN CAST(CASE
          WHEN LEFT(LTRIM("marts__loyalty"."card"), 1) = '{'
          AND RIGHT(RTRIM("marts__loyalty"."card"), 1) = '}'
          THEN "marts__loyalty"."card"
        END AS JSONB) #>> '{"is_lost"}'
      END
    ) = 'false'
    THEN FALSE
  END = FALSE
  OR "customers"."phone" IS NULL
  OR (
    "customers"."last_seen_at" > CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
    AND "customers"."last_seen_at" <= CAST('2026-03-02 00:00:00+00:00' AS TIMESTAMPTZ)
  )
