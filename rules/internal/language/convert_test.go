package language

import (
	"math"
	"testing"

	"muster/event"
)

// TestConversions holds every spelling against what Go, JavaScript and the
// documents say of it. "missing" stands for what can't be converted.
func TestConversions(t *testing.T) {
	text := event.StringOf
	for _, one := range []struct {
		of                 event.Value
		float, whole, text string
		time               string
	}{
		{event.Value{}, "missing", "missing", "missing", "missing"},
		{event.BoolOf(true), "missing", "missing", "true", "missing"},
		{event.BoolOf(false), "missing", "missing", "false", "missing"},
		{event.ArrayOf([]event.Value{event.NumberOf(1)}), "missing", "missing", "missing", "missing"},
		{event.ObjectOf(nil), "missing", "missing", "missing", "missing"},
		{event.VersionOf("v1.2"), "missing", "missing", "missing", "missing"},
		{event.TimeOf(1793880000500), "missing", "missing", "2026-11-05T12:00:00.500Z", "2026-11-05T12:00:00.5Z"},
		{event.NumberOf(3), "3", "3", "3", "1970-01-01T00:00:03Z"},
		{event.NumberOf(3.9), "3.9", "3", "3.9", "1970-01-01T00:00:03.9Z"},
		{event.NumberOf(-3.9), "-3.9", "-3", "-3.9", "1969-12-31T23:59:56.1Z"},
		{event.NumberOf(math.Copysign(0, -1)), "-0", "0", "0", "1970-01-01T00:00:00Z"},
		{event.NumberOf(-0.5), "-0.5", "0", "-0.5", "1969-12-31T23:59:59.5Z"},
		{event.NumberOf(1793880000500), "1793880000500", "1793880000500", "1793880000500", "2026-11-05T12:00:00.5Z"},
		{event.NumberOf(1e15), "1000000000000000", "1000000000000000", "1000000000000000", "missing"},
		{event.NumberOf(1 << 53), "9007199254740992", "9007199254740992", "9007199254740992", "missing"},
		{event.NumberOf(1<<53 + 2), "9.007199254740994e+15", "missing", "9007199254740994", "missing"},
		{event.NumberOf(123456789012345680000), "1.2345678901234568e+20", "missing", "123456789012345680000", "missing"},
		{event.NumberOf(1e21), "1e+21", "missing", "1e+21", "missing"},
		{event.NumberOf(-1.5e300), "-1.5e+300", "missing", "-1.5e+300", "missing"},
		{event.NumberOf(0.000001), "0.000001", "0", "0.000001", "1970-01-01T00:00:00Z"},
		{event.NumberOf(1.5e-7), "0.00000015", "0", "1.5e-7", "1970-01-01T00:00:00Z"},
		{text("12"), "12", "12", "12", "missing"},
		{text("-12"), "-12", "-12", "-12", "missing"},
		{text("+12"), "12", "12", "+12", "missing"},
		{text("007"), "7", "7", "007", "missing"},
		{text("-0"), "-0", "0", "-0", "missing"},
		{text("12.50"), "12.5", "missing", "12.50", "missing"},
		{text("12.0"), "12", "missing", "12.0", "missing"},
		{text(".5"), "0.5", "missing", ".5", "missing"},
		{text("5."), "5", "missing", "5.", "missing"},
		{text("1e3"), "1000", "missing", "1e3", "missing"},
		{text("-2.5E-2"), "-0.025", "missing", "-2.5E-2", "missing"},
		{text("1e-400"), "0", "missing", "1e-400", "missing"},
		{text("1e400"), "missing", "missing", "1e400", "missing"},
		{text("9007199254740992"), "9007199254740992", "9007199254740992", "9007199254740992", "missing"},
		{text("9007199254740993"), "9007199254740992", "missing", "9007199254740993", "missing"},
		{text("99999999999999999999"), "1e+20", "missing", "99999999999999999999", "missing"},
		{text(""), "missing", "missing", "", "missing"},
		{text(" 12"), "missing", "missing", " 12", "missing"},
		{text("12 "), "missing", "missing", "12 ", "missing"},
		{text("twelve"), "missing", "missing", "twelve", "missing"},
		{text("1_000"), "missing", "missing", "1_000", "missing"},
		{text("1,5"), "missing", "missing", "1,5", "missing"},
		{text("0x10"), "missing", "missing", "0x10", "missing"},
		{text("0x1p-2"), "missing", "missing", "0x1p-2", "missing"},
		{text("0b1"), "missing", "missing", "0b1", "missing"},
		{text("Inf"), "missing", "missing", "Inf", "missing"},
		{text("-infinity"), "missing", "missing", "-infinity", "missing"},
		{text("NaN"), "missing", "missing", "NaN", "missing"},
		{text("e5"), "missing", "missing", "e5", "missing"},
		{text("."), "missing", "missing", ".", "missing"},
		{text("--1"), "missing", "missing", "--1", "missing"},
		{text("1e"), "missing", "missing", "1e", "missing"},
		{text("\u0661\u0662"), "missing", "missing", "\u0661\u0662", "missing"},
		{text("true"), "missing", "missing", "true", "missing"},
		{text("2026-11-05"), "missing", "missing", "2026-11-05", "2026-11-05T00:00:00Z"},
		{text("2026-11-05 13:00+01"), "missing", "missing", "2026-11-05 13:00+01", "2026-11-05T12:00:00Z"},
	} {
		for what, pair := range map[string][2]string{
			"float":  {FormatValue(FloatOf(one.of)), one.float},
			"int":    {FormatValue(IntOf(one.of)), one.whole},
			"string": {FormatValue(TextOf(one.of)), quoted(one.text)},
			"date":   {FormatValue(TimeOf(one.of)), dated(one.time)},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s(%s) is %s, expected %s", what, FormatValue(one.of), pair[0], pair[1])
			}
		}
	}
}

func quoted(text string) string {
	if text == "missing" {
		return text
	}
	return FormatValue(event.StringOf(text))
}

func dated(text string) string {
	if text == "missing" {
		return text
	}
	return `date("` + text + `")`
}
