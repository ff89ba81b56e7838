package report

import (
	"testing"

	"github.com/DhruvikDonga/simplysocket/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
