SELECT
  "customers"."customer_id"
FROM "master"."customers" AS "customers"
LEFT JOIN (
  SELECT DISTINCT
    "first"."customer_id"
  FROM (
    SELECT
      "a"."customer_id",
      "a"."occurred_at"
    FROM "master"."events" AS "a"
    WHERE
      NOT "a"."customer_id" IS NULL
      AND NOT COALESCE("a"."is_deleted", FALSE)
      AND "a"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
      AND LOWER("a"."event_name") = LOWER('Added to cart')
  ) AS "first"
  LEFT JOIN (
    SELECT
      "b"."customer_id",
      "b"."occurred_at"
    FROM "master"."transactions" AS "b"
    WHERE
      NOT "b"."customer_id" IS NULL
      AND NOT COALESCE("b"."is_deleted", FALSE)
      AND "b"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
      AND LOWER("b"."type") = LOWER('order')
  ) AS "later"
    ON "later"."customer_id" = "first"."customer_id"
    AND "later"."occurred_at" > "first"."occurred_at"
    AND "later"."occurred_at" <= (
      "first"."occurred_at" + 48 * INTERVAL '1 HOUR'
    )
  WHERE
    "later"."customer_id" IS NULL
    AND (
      "first"."occurred_at" + 48 * INTERVAL '1 HOUR'
    ) <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
) AS "sequence_1"
  ON "sequence_1"."customer_id" = "customers"."customer_id"
LEFT JOIN (
  SELECT DISTINCT
    "first"."customer_id"
  FROM (
    SELECT
      "a"."customer_id",
      "a"."occurred_at"
    FROM "master"."transactions" AS "a"
    WHERE
      NOT "a"."customer_id" IS NULL
      AND NOT COALESCE("a"."is_deleted", FALSE)
      AND "a"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
      AND LOWER("a"."type") = LOWER('order')
  ) AS "first"
  JOIN (
    SELECT
      "b"."customer_id",
      "b"."occurred_at"
    FROM "master"."transactions" AS "b"
    WHERE
      NOT "b"."customer_id" IS NULL
      AND NOT COALESCE("b"."is_deleted", FALSE)
      AND "b"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
      AND LOWER("b"."type") = LOWER('order')
  ) AS "later"
    ON "later"."customer_id" = "first"."customer_id"
    AND "later"."occurred_at" > "first"."occurred_at"
    AND "later"."occurred_at" <= (
      "first"."occurred_at" + 720 * INTERVAL '1 HOUR'
    )
) AS "sequence_2"
  ON "sequence_2"."customer_id" = "customers"."customer_id"
LEFT JOIN (
  SELECT DISTINCT
    "first"."customer_id"
  FROM (
    SELECT
      "a"."customer_id",
      "a"."occurred_at"
    FROM "master"."events" AS "a"
    WHERE
      NOT "a"."customer_id" IS NULL
      AND NOT COALESCE("a"."is_deleted", FALSE)
      AND "a"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
      AND "a"."occurred_at" > CAST('2026-02-01 12:00:00+00:00' AS TIMESTAMPTZ)
  ) AS "first"
  JOIN (
    SELECT
      "b"."customer_id",
      "b"."occurred_at"
    FROM "master"."transactions" AS "b"
    WHERE
      NOT "b"."customer_id" IS NULL
      AND NOT COALESCE("b"."is_deleted", FALSE)
      AND "b"."occurred_at" <= CAST('2026-03-01 12:00:00+00:00' AS TIMESTAMPTZ)
  ) AS "later"
    ON "later"."customer_id" = "first"."customer_id"
    AND "later"."occurred_at" > "first"."occurred_at"
) AS "sequence_3"
  ON "sequence_3"."customer_id" = "customers"."customer_id"
WHERE
  NOT "sequence_1"."customer_id" IS NULL
  OR NOT "sequence_2"."customer_id" IS NULL
  OR NOT "sequence_3"."customer_id" IS NULL
