package report

import (
	"fmt"
	"strconv"

	"github.com/DhruvikDonga/simplysocket/cmd/simplysocket/load"
)

// Millis is a time with its unit, in three digits.
func Millis(m load.Milliseconds) string {
	switch {
	case m >= 10_000:
		return fmt.Sprintf("%.1f s", m/1000)
	case m >= 1000:
		return fmt.Sprintf("%.2f s", m/1000)
	case m >= 100:
		return fmt.Sprintf("%.0f ms", m)
	case m >= 10:
		return fmt.Sprintf("%.1f ms", m)
	default:
		return fmt.Sprintf("%.2f ms", m)
	}
}

// Time is a quantile, or "not measured".
func Time(m load.Milliseconds, of load.Quantiles) string {
	if of.Count == 0 {
		return "not measured"
	}
	return Millis(m)
}

// Share is the share of the deliveries that arrived, or "not measured".
func Share(d load.Deliveries) string {
	if d.Expected == 0 {
		return "not measured"
	}
	return strconv.FormatFloat(d.Share, 'f', -1, 64) + "%"
}

// Number formats a rate or a count for people: as a whole number if it is large.
func Number(x float64) string {
	if x >= 100 || x == float64(int64(x)) {
		return Count(int64(x + 0.5))
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
}

// Count is a count with thousands separators.
func Count[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
