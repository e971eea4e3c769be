-- The records as Splink compares them: narrow, in text, with a space before and after each word of `forms`.
-- A street of one word is a mere number or "main": it agrees with too many. Lists of e-mails and phones are null where they hold nothing but the main one: joining lists is slow.
SELECT
    record_number AS number,
    first_name,
    split_part(first_name, ' ', 1) AS given,
    ' ' || name_forms || ' ' AS forms,
    last_name,
    email,
    split_part(email, '@', 1) AS mailbox,
    regexp_replace(split_part(email, '@', 1), '\D', '', 'g') AS mailbox_digits,
    CASE WHEN contains(emails, ' ') THEN string_split(emails, ' ') END AS all_emails,
    phone,
    CASE WHEN contains(phones, ' ') THEN string_split(phones, ' ') END AS all_phones,
    CASE WHEN contains(street, ' ') THEN street END AS street,
    CASE WHEN contains(street, ' ') THEN trim(regexp_replace(street, '\b\d+\w?\b', '', 'g')) END AS street_name,
    city,
    postal_code,
    strftime(date_of_birth, '%Y-%m-%d') AS date_of_birth,
    company /* further */
FROM records
