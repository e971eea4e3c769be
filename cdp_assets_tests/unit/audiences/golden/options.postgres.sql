SELECT
  "customer_id"
FROM (
  SELECT
    "customers"."customer_id",
    ROW_NUMBER() OVER (
      PARTITION BY "customers"."country"
      ORDER BY CASE WHEN "churn__scores"."churn_probability" IS NULL THEN 1 ELSE 0 END, "churn__scores"."churn_probability" ASC, "customers"."customer_id"
    ) AS "place"
  FROM "master"."customers" AS "customers"
  LEFT JOIN "audiences"."known" AS "audience_known"
    ON "audience_known"."customer_id" = "customers"."customer_id"
  LEFT JOIN "audiences"."lapsed" AS "audience_lapsed"
    ON "audience_lapsed"."customer_id" = "customers"."customer_id"
  LEFT JOIN "audiences"."urgent" AS "audience_urgent"
    ON "audience_urgent"."customer_id" = "customers"."customer_id"
  LEFT JOIN (
    SELECT
      "consents"."customer_id"
    FROM "master"."consents" AS "consents"
    WHERE
      "consents"."purpose" = 'email_marketing' AND "consents"."state" = 'granted'
  ) AS "consent_1"
    ON "consent_1"."customer_id" = "customers"."customer_id"
  LEFT JOIN "churn"."scores" AS "churn__scores"
    ON "churn__scores"."customer_id" = "customers"."customer_id"
  WHERE
    NOT "audience_known"."customer_id" IS NULL
    AND "audience_lapsed"."customer_id" IS NULL
    AND "audience_urgent"."customer_id" IS NULL
    AND NOT "consent_1"."customer_id" IS NULL
) AS "ranked"
WHERE
  "place" <= 100
