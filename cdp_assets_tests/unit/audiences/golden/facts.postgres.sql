SELECT
  "customers"."customer_id"
FROM "master"."customers" AS "customers"
LEFT JOIN (
  SELECT
    "transactions"."customer_id",
    COUNT(
      CASE
        WHEN "transactions"."occurred_at" > CAST('2025-12-01 12:00:00+00:00' AS TIMESTAMPTZ)
        AND LOWER("transactions"."type") = LOWER('order')
        THEN 1
      END
    ) AS "f1",
    AVG(
      CAST(CASE
        WHEN LOWER("transactions"."type") = LOWER('order')
        THEN "transactions"."amount_reporting"
      END AS DOUBLE PRECISION)
    ) AS "f2",
    MAX(
      CASE
        WHEN "transactions"."occurred_at" > CAST('2025-03-02 12:00:00+00:00' AS TIMESTAMPTZ)
        AND "transactions"."occurred_at" <= CAST('2026-02-01 12:00:00+00:00' AS TIMESTAMPTZ)
        THEN "transactions"."amount"
      END
    ) AS "f3"
  FROM "master"."transactions" AS "transactions"
  WHERE
    NOT "transactions"."customer_id" IS NULL
    AND NOT COALESCE("transactions"."is_deleted", FALSE)
    AND "transactions"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
    AND (
      (
        "transactions"."occurred_at" > CAST('2025-12-01 12:00:00+00:00' AS TIMESTAMPTZ)
        AND LOWER("transactions"."type") = LOWER('order')
      )
      OR LOWER("transactions"."type") = LOWER('order')
      OR (
        "transactions"."occurred_at" > CAST('2025-03-02 12:00:00+00:00' AS TIMESTAMPTZ)
        AND "transactions"."occurred_at" <= CAST('2026-02-01 12:00:00+00:00' AS TIMESTAMPTZ)
      )
    )
  GROUP BY
    "transactions"."customer_id"
) AS "transactions_facts"
  ON "transactions_facts"."customer_id" = "customers"."customer_id"
LEFT JOIN (
  SELECT
    "transaction_lines"."customer_id",
    COUNT(DISTINCT "transaction_lines"."category") AS "f1"
  FROM "master"."transaction_lines" AS "transaction_lines"
  WHERE
    NOT "transaction_lines"."customer_id" IS NULL
    AND "transaction_lines"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
  GROUP BY
    "transaction_lines"."customer_id"
) AS "transaction_lines_facts"
  ON "transaction_lines_facts"."customer_id" = "customers"."customer_id"
LEFT JOIN (
  SELECT
    "customer_id",
    "value"
  FROM (
    SELECT
      "transactions"."customer_id",
      "transactions"."channel" AS "value",
      ROW_NUMBER() OVER (
        PARTITION BY "transactions"."customer_id"
        ORDER BY "transactions"."source" ASC, "transactions"."transaction_id" ASC
      ) AS "place"
    FROM "master"."transactions" AS "transactions"
    JOIN (
      SELECT
        "transactions"."customer_id",
        MIN("transactions"."occurred_at") AS "moment"
      FROM "master"."transactions" AS "transactions"
      WHERE
        NOT "transactions"."customer_id" IS NULL
        AND NOT COALESCE("transactions"."is_deleted", FALSE)
        AND "transactions"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
        AND LOWER("transactions"."type") = LOWER('order')
      GROUP BY
        "transactions"."customer_id"
    ) AS "outermost"
      ON "outermost"."customer_id" = "transactions"."customer_id"
      AND "outermost"."moment" = "transactions"."occurred_at"
    WHERE
      NOT "transactions"."customer_id" IS NULL
      AND NOT COALESCE("transactions"."is_deleted", FALSE)
      AND "transactions"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
      AND LOWER("transactions"."type") = LOWER('order')
  ) AS "ranked"
  WHERE
    "place" = 1
) AS "first_transactions_1"
  ON "first_transactions_1"."customer_id" = "customers"."customer_id"
LEFT JOIN (
  SELECT
    "customer_id",
    "value"
  FROM (
    SELECT
      "events"."customer_id",
      (
        CASE
          WHEN JSONB_TYPEOF(
            CAST(CASE
              WHEN LEFT(LTRIM("events"."properties"), 1) = '{'
              AND RIGHT(RTRIM("events"."properties"), 1) = '}'
              THEN "events"."properties"
            END AS JSONB) #> '{"page","kind"}'
          ) IN ('string', 'number', 'boolean')
          THEN CAST(CASE
            WHEN LEFT(LTRIM("events"."properties"), 1) = '{'
            AND RIGHT(RTRIM("events"."properties"), 1) = '}'
            THEN "events"."properties"
          END AS JSONB) #>> '{"page","kind"}'
        END
      ) AS "value",
      ROW_NUMBER() OVER (
        PARTITION BY "events"."customer_id"
        ORDER BY "events"."source" DESC NULLS LAST, "events"."event_id" DESC NULLS LAST
      ) AS "place"
    FROM "master"."events" AS "events"
    JOIN (
      SELECT
        "events"."customer_id",
        MAX("events"."occurred_at") AS "moment"
      FROM "master"."events" AS "events"
      WHERE
        NOT "events"."customer_id" IS NULL
        AND NOT COALESCE("events"."is_deleted", FALSE)
        AND "events"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
        AND "events"."occurred_at" > CAST('2026-03-01 00:00:00+00:00' AS TIMESTAMPTZ)
      GROUP BY
        "events"."customer_id"
    ) AS "outermost"
      ON "outermost"."customer_id" = "events"."customer_id"
      AND "outermost"."moment" = "events"."occurred_at"
    WHERE
      NOT "events"."customer_id" IS NULL
      AND NOT COALESCE("events"."is_deleted", FALSE)
      AND "events"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
      AND "events"."occurred_at" > CAST('2026-03-01 00:00:00+00:00' AS TIMESTAMPTZ)
  ) AS "ranked"
  WHERE
    "place" = 1
) AS "last_events_2"
  ON "last_events_2"."customer_id" = "customers"."customer_id"
LEFT JOIN (
  SELECT
    "events"."customer_id",
    SUM(
      CASE
        WHEN "events"."occurred_at" BETWEEN CAST('2026-01-01 00:00:00+00:00' AS TIMESTAMPTZ) AND CAST('2026-01-31 00:00:00+00:00' AS TIMESTAMPTZ)
        THEN (
          CAST(SUBSTRING((
            CASE
              WHEN JSONB_TYPEOF(
                CAST(CASE
                  WHEN LEFT(LTRIM("events"."properties"), 1) = '{'
                  AND RIGHT(RTRIM("events"."properties"), 1) = '}'
                  THEN "events"."properties"
                END AS JSONB) #> '{"time"}'
              ) IN ('string', 'number', 'boolean')
              THEN CAST(CASE
                WHEN LEFT(LTRIM("events"."properties"), 1) = '{'
                AND RIGHT(RTRIM("events"."properties"), 1) = '}'
                THEN "events"."properties"
              END AS JSONB) #>> '{"time"}'
            END
          ) FROM '(^-?[0-9]{1,30}([.][0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$)') AS DOUBLE PRECISION)
        )
      END
    ) AS "f1",
    MIN(
      (
        CAST(SUBSTRING((
          CASE
            WHEN JSONB_TYPEOF(
              CAST(CASE
                WHEN LEFT(LTRIM("events"."properties"), 1) = '{'
                AND RIGHT(RTRIM("events"."properties"), 1) = '}'
                THEN "events"."properties"
              END AS JSONB) #> '{"step"}'
            ) IN ('string', 'number', 'boolean')
            THEN CAST(CASE
              WHEN LEFT(LTRIM("events"."properties"), 1) = '{'
              AND RIGHT(RTRIM("events"."properties"), 1) = '}'
              THEN "events"."properties"
            END AS JSONB) #>> '{"step"}'
          END
        ) FROM '(^-?[0-9]{1,30}([.][0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$)') AS DOUBLE PRECISION)
      )
    ) AS "f2"
  FROM "master"."events" AS "events"
  WHERE
    NOT "events"."customer_id" IS NULL
    AND NOT COALESCE("events"."is_deleted", FALSE)
    AND "events"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
  GROUP BY
    "events"."customer_id"
) AS "events_facts"
  ON "events_facts"."customer_id" = "customers"."customer_id"
WHERE
  COALESCE("transactions_facts"."f1", 0) >= 2
  AND (
    "transactions_facts"."f2" >= 10 AND "transactions_facts"."f2" <= 99.5
  )
  AND COALESCE("transaction_lines_facts"."f1", 0) = 3
  AND "transactions_facts"."f3" <= 500
  AND LOWER("first_transactions_1"."value") = LOWER('Store')
  AND NOT LOWER("last_events_2"."value") IN (LOWER('cart'), LOWER('pay'))
  AND COALESCE("events_facts"."f1", 0) >= 60
  AND "events_facts"."f2" = 1
ORDER BY
  CASE WHEN "customers"."total_spent" IS NULL THEN 1 ELSE 0 END,
  "customers"."total_spent" DESC NULLS LAST,
  "customers"."customer_id"
LIMIT 10
