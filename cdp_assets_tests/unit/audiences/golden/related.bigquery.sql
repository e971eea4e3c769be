SELECT
  `customers`.`customer_id`
FROM `master`.`customers` AS `customers`
LEFT JOIN (
  SELECT
    `origin`.`customer_id`,
    COUNT(*) AS `rows_found`,
    COUNT(
      CASE
        WHEN RIGHT(LOWER(`hop_1`.`domain`), LENGTH(LOWER('.fr'))) = LOWER('.fr')
        THEN 1
      END
    ) AS `rows_met`
  FROM `master`.`customers` AS `origin`
  INNER JOIN `master`.`accounts` AS `hop_1`
    ON `hop_1`.`account_id` = `origin`.`account_id`
    AND `hop_1`.`source` = `origin`.`account_id_source`
    AND NOT COALESCE(`hop_1`.`is_deleted`, FALSE)
  GROUP BY
    `origin`.`customer_id`
) AS `related_1`
  ON `related_1`.`customer_id` = `customers`.`customer_id`
LEFT JOIN (
  SELECT
    `origin`.`customer_id`,
    COUNT(*) AS `value`
  FROM `master`.`customers` AS `origin`
  INNER JOIN `master`.`accounts` AS `hop_1`
    ON `hop_1`.`account_id` = `origin`.`account_id`
    AND `hop_1`.`source` = `origin`.`account_id_source`
    AND NOT COALESCE(`hop_1`.`is_deleted`, FALSE)
  INNER JOIN `master`.`customers` AS `hop_2`
    ON `hop_2`.`account_id` = `hop_1`.`account_id`
    AND `hop_2`.`account_id_source` = `hop_1`.`source`
  GROUP BY
    `origin`.`customer_id`
) AS `related_2`
  ON `related_2`.`customer_id` = `customers`.`customer_id`
LEFT JOIN (
  SELECT
    `origin`.`customer_id`,
    COUNT(*) AS `rows_found`,
    COUNT(CASE WHEN LOWER(`hop_1`.`state`) = LOWER('denied') THEN 1 END) AS `rows_met`
  FROM `master`.`customers` AS `origin`
  INNER JOIN `master`.`consents` AS `hop_1`
    ON `hop_1`.`customer_id` = `origin`.`customer_id`
  GROUP BY
    `origin`.`customer_id`
) AS `related_3`
  ON `related_3`.`customer_id` = `customers`.`customer_id`
LEFT JOIN (
  SELECT
    `origin`.`customer_id`,
    COUNT(*) AS `rows_found`,
    COUNT(CASE WHEN NOT `hop_1`.`is_verified` = FALSE THEN 1 END) AS `rows_met`
  FROM `master`.`customers` AS `origin`
  INNER JOIN `master`.`identifiers` AS `hop_1`
    ON `hop_1`.`customer_id` = `origin`.`customer_id`
  GROUP BY
    `origin`.`customer_id`
) AS `related_4`
  ON `related_4`.`customer_id` = `customers`.`customer_id`
LEFT JOIN (
  SELECT
    `origin`.`customer_id`,
    COUNT(CASE WHEN `hop_1`.`born` > CAST('2020-01-01' AS DATE) THEN 1 END) AS `value`
  FROM `master`.`customers` AS `origin`
  INNER JOIN `marts`.`pets` AS `hop_1`
    ON `hop_1`.`owner` = `origin`.`customer_id`
  GROUP BY
    `origin`.`customer_id`
) AS `related_5`
  ON `related_5`.`customer_id` = `customers`.`customer_id`
WHERE
  COALESCE(`related_1`.`rows_met`, 0) > 0
  AND COALESCE(`related_2`.`value`, 0) >= 3
  AND COALESCE(`related_3`.`rows_met`, 0) = 0
  AND (
    COALESCE(`related_4`.`rows_found`, 0) > 0
    AND COALESCE(`related_4`.`rows_met`, 0) = COALESCE(`related_4`.`rows_found`, 0)
  )
  AND COALESCE(`related_5`.`value`, 0) >= 1
