module github.com/DhruvikDonga/simplysocket

go 1.26.0

ignore ./js/node_modules

require (
	github.com/gobwas/httphead v0.1.0
	github.com/gobwas/ws v1.5.0
	golang.org/x/time v0.16.0
)
