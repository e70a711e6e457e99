-- sql_refused 1:8 the function getenv is not allowed
select getenv('x')
