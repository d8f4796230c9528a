-- The page begins behind the city :after
SELECT to_jsonb(city) FROM societies WHERE city > :after GROUP BY city ORDER BY city LIMIT :rows
