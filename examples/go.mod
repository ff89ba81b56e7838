module github.com/DhruvikDonga/simplysocket/examples

go 1.26.0

require (
	github.com/DhruvikDonga/simplysocket v0.0.0
	github.com/golang-jwt/jwt/v5 v5.3.1
)

require (
	github.com/gobwas/httphead v0.1.0 // indirect
	github.com/gobwas/ws v1.5.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)
