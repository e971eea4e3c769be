-- The members of JSON objects, one row a value: of a list, a row an item. Nulls and objects within are left out;
-- what is no object is a row with neither type nor value.
WITH read AS (
    SELECT node, CASE WHEN json_valid(text) THEN text::JSON END AS object FROM sent
),

objects AS (
    SELECT node, CASE WHEN json_type(object) = 'OBJECT' THEN object END AS object FROM read
),

members AS (
    SELECT node, member.key AS type, member.type AS kind, member.value
    FROM objects, json_each(object) AS member
    WHERE object IS NOT NULL
),

listed AS (
    SELECT node, type, kind, value FROM members
    UNION ALL
    SELECT node, members.type, item.type, item.value
    FROM members, json_each(CASE WHEN members.kind = 'ARRAY' THEN members.value END) AS item
)

SELECT node, type, CASE WHEN kind = 'VARCHAR' THEN value ->> '$' ELSE value::VARCHAR END AS value
FROM listed
WHERE kind NOT IN ('NULL', 'OBJECT', 'ARRAY')
UNION ALL
SELECT node, NULL, NULL FROM objects WHERE object IS NULL
