package speed

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

var table = flag.Bool("table", false, "print what the benchmarks measured as a Markdown table")

func TestMain(m *testing.M) {
	if cpu, ok := os.LookupEnv(generatorEnv); ok {
		if err := generate(cpu); err != nil {
			fmt.Fprintln(os.Stderr, "generator:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if *table {
			printTable(os.Stdout)
		}
		os.Exit(code)
	}))
}
