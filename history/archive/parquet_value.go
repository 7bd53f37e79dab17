package archive

import (
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/valyala/fastjson"
)

// writerOf returns what writes a value of a type as JSON.
func writerOf(t parquet.Type) func([]byte, parquet.Value) []byte {
	if logical := t.LogicalType(); logical != nil {
		switch is := logical.Value.(type) {
		case *format.TimestampType:
			return timestampWriter(is.Unit.Value)
		case *format.DateType:
			return appendDate
		case *format.DecimalType:
			return decimalWriter(is.Scale)
		case *format.UUIDType:
			return appendUUID
		case *format.JsonType:
			return appendJSON
		case *format.IntType:
			if !is.IsSigned {
				return appendUnsigned
			}
		}
	}
	return appendPlain
}

// appendPlain writes a value as its physical type says.
func appendPlain(dst []byte, v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(dst, v.Boolean())
	case parquet.Int32:
		return strconv.AppendInt(dst, int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.AppendInt(dst, v.Int64(), 10)
	case parquet.Float:
		return appendFloat(dst, float64(v.Float()), 32)
	case parquet.Double:
		return appendFloat(dst, v.Double(), 64)
	case parquet.Int96:
		return appendInt96(dst, v)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return appendText(dst, v.ByteArray())
	}
	return append(dst, "null"...)
}

func appendUnsigned(dst []byte, v parquet.Value) []byte {
	if v.Kind() == parquet.Int32 {
		return strconv.AppendUint(dst, uint64(v.Uint32()), 10)
	}
	return strconv.AppendUint(dst, v.Uint64(), 10)
}

// appendFloat writes null for what JSON has no number for.
func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

// timestampWriter writes a time in UTC. One that says of itself that it is
// local is taken to be UTC too, as nothing tells where.
func timestampWriter(unit format.TimeUnitValue) func([]byte, parquet.Value) []byte {
	return func(dst []byte, v parquet.Value) []byte {
		n := v.Int64()
		switch unit.(type) {
		case *format.MilliSeconds:
			return appendTime(dst, time.UnixMilli(n))
		case *format.MicroSeconds:
			return appendTime(dst, time.UnixMicro(n))
		}
		return appendTime(dst, time.Unix(0, n))
	}
}

// appendInt96 writes what older programs store as a time: nanoseconds of a
// Julian day.
func appendInt96(dst []byte, v parquet.Value) []byte {
	const epoch = 2_440_588 // the Julian day of 1970-01-01
	t := v.Int96()
	nanos := int64(t[1])<<32 | int64(t[0])
	return appendTime(dst, time.Unix((int64(t[2])-epoch)*86_400, nanos))
}

func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	return append(t.UTC().AppendFormat(dst, time.RFC3339Nano), '"')
}

func appendDate(dst []byte, v parquet.Value) []byte {
	dst = append(dst, '"')
	return append(time.Unix(int64(v.Int32())*86_400, 0).UTC().AppendFormat(dst, time.DateOnly), '"')
}

// decimalWriter writes a number with scale digits behind the point.
func decimalWriter(scale int32) func([]byte, parquet.Value) []byte {
	return func(dst []byte, v parquet.Value) []byte {
		switch v.Kind() {
		case parquet.Int32:
			return appendDecimal(dst, big.NewInt(int64(v.Int32())), scale)
		case parquet.Int64:
			return appendDecimal(dst, big.NewInt(v.Int64()), scale)
		}
		bytes := v.ByteArray()
		n := new(big.Int).SetBytes(bytes)
		if len(bytes) > 0 && bytes[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(bytes))*8)) // two's complement
		}
		return appendDecimal(dst, n, scale)
	}
}

func appendDecimal(dst []byte, n *big.Int, scale int32) []byte {
	if scale <= 0 {
		return n.Append(dst, 10)
	}
	if n.Sign() < 0 {
		dst = append(dst, '-')
		n.Abs(n)
	}
	digits := n.String()
	for len(digits) <= int(scale) {
		digits = "0" + digits
	}
	point := len(digits) - int(scale)
	return append(append(append(dst, digits[:point]...), '.'), digits[point:]...)
}

func appendUUID(dst []byte, v parquet.Value) []byte {
	b := v.ByteArray()
	if len(b) != 16 {
		return appendText(dst, b)
	}
	dst = append(dst, '"')
	for i, end := range []int{4, 6, 8, 10, 16} {
		begin := []int{0, 4, 6, 8, 10}[i]
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, b[begin:end])
	}
	return append(dst, '"')
}

// appendJSON writes a text that is JSON as what it spells.
func appendJSON(dst []byte, v parquet.Value) []byte {
	if text := v.ByteArray(); fastjson.ValidateBytes(text) == nil {
		return append(dst, text...)
	}
	return appendText(dst, v.ByteArray())
}

// appendText writes a text in quotes. What is no UTF-8 becomes U+FFFD.
func appendText(dst, text []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	plain := 0 // what is from here on needs no change
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, text[plain:i]...), "\ufffd"...)
				plain = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			dst = append(dst, text[plain:i]...)
			if c < ' ' {
				dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			} else {
				dst = append(dst, '\\', c)
			}
			plain = i + 1
		}
		i++
	}
	return append(append(dst, text[plain:]...), '"')
}
