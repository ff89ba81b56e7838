module github.com/DhruvikDonga/simplysocket

go 1.26
