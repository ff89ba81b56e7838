package main

import (
	"fmt"
	"time"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/report"
)

// thresholds are limits that the result has to meet; nil means any value.
type thresholds struct {
	P50        *time.Duration `name:"p50" placeholder:"TIME" group:"Thresholds:" env:"-" help:"Maximum latency of half of the deliveries."`
	P95        *time.Duration `name:"p95" placeholder:"TIME" group:"Thresholds:" env:"-" help:"Maximum latency of 95% of the deliveries."`
	P99        *time.Duration `name:"p99" placeholder:"TIME" group:"Thresholds:" env:"-" help:"Maximum latency of 99% of the deliveries."`
	P999       *time.Duration `name:"p999" placeholder:"TIME" group:"Thresholds:" env:"-" help:"Maximum latency of 99.9% of the deliveries."`
	Max        *time.Duration `placeholder:"TIME" group:"Thresholds:" env:"-" help:"Maximum latency of any delivery."`
	ConnectP99 *time.Duration `name:"connect-p99" placeholder:"TIME" group:"Thresholds:" env:"-" help:"Time in which 99% of the clients must be in their room."`
	Delivered  *float64       `group:"Thresholds:" env:"-" placeholder:"PERCENT" help:"Share of the expected deliveries that must arrive."`
	Lost       *int64         `group:"Thresholds:" env:"-" placeholder:"N" help:"Deliveries that may be lost."`
	Doubled    *int64         `group:"Thresholds:" env:"-" placeholder:"N" help:"Deliveries that may come twice."`
	OutOfOrder *int64         `group:"Thresholds:" env:"-" placeholder:"N" help:"Deliveries that may be out of order."`
	Errors     *int64         `group:"Thresholds:" env:"-" placeholder:"N" help:"Failures of any kind: to connect, refused, not sent, sessions ended, outcomes unknown."`
}

// check returns an error for a threshold that nothing can meet.
func (t *thresholds) check() error {
	for name, limit := range map[string]*time.Duration{
		"p50": t.P50, "p95": t.P95, "p99": t.P99, "p999": t.P999, "max": t.Max, "connect-p99": t.ConnectP99,
	} {
		if limit != nil && *limit <= 0 {
			return fmt.Errorf("--%s must be more than 0", name)
		}
	}
	for name, limit := range map[string]*int64{
		"lost": t.Lost, "doubled": t.Doubled, "out-of-order": t.OutOfOrder, "errors": t.Errors,
	} {
		if limit != nil && *limit < 0 {
			return fmt.Errorf("--%s must not be negative", name)
		}
	}
	if t.Delivered != nil && !(*t.Delivered >= 0 && *t.Delivered <= 100) {
		return fmt.Errorf("--delivered must be from 0 to 100")
	}
	return nil
}

// judge says for each threshold whether it holds. One whose value was not measured does
// not hold.
func (t *thresholds) judge(r *load.Result) []report.Threshold {
	list := []report.Threshold{}
	atMost := func(name string, limit *time.Duration, of load.Quantiles, value load.Milliseconds) {
		if limit != nil {
			list = append(list, report.Threshold{
				Name: name, Wanted: "at most " + limit.String(), Measured: report.Time(value, of),
				Held: of.Count > 0 && value.Duration() <= *limit,
			})
		}
	}
	count := func(name string, limit *int64, value int64) {
		if limit != nil {
			list = append(list, report.Threshold{
				Name: name, Wanted: fmt.Sprintf("at most %d", *limit), Measured: fmt.Sprint(value),
				Held: value <= *limit,
			})
		}
	}
	l, d := r.Latency, r.Deliveries
	atMost("p50", t.P50, l, l.P50)
	atMost("p95", t.P95, l, l.P95)
	atMost("p99", t.P99, l, l.P99)
	atMost("p999", t.P999, l, l.P999)
	atMost("max", t.Max, l, l.Max)
	atMost("connect-p99", t.ConnectP99, r.Connections.Connect, r.Connections.Connect.P99)
	if t.Delivered != nil {
		list = append(list, report.Threshold{
			Name: "delivered", Wanted: fmt.Sprintf("at least %v%%", *t.Delivered), Measured: report.Share(d),
			Held: d.Expected > 0 && d.Share >= *t.Delivered,
		})
	}
	count("lost", t.Lost, d.Lost)
	count("doubled", t.Doubled, d.Doubled)
	count("out-of-order", t.OutOfOrder, d.OutOfOrder)
	count("errors", t.Errors, errorsOf(r))
	return list
}

func errorsOf(r *load.Result) (n int64) {
	for _, f := range r.Failures {
		n += f.Count
	}
	return n
}
