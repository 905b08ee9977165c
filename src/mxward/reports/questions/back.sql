-- What came by the back door.
SELECT * FROM noted WHERE door = 'back'
