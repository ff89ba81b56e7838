module github.com/DhruvikDonga/simplysocket

go 1.26.0

require (
	github.com/gobwas/httphead v0.1.0
	github.com/gobwas/ws v1.5.0
	go.uber.org/goleak v1.3.0
	golang.org/x/time v0.16.0
)

require github.com/golang-jwt/jwt/v5 v5.3.1
