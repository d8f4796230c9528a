-- $1 the city before the page, $2 rows
SELECT to_jsonb(city) FROM societies WHERE city > $1 GROUP BY city ORDER BY city LIMIT $2
