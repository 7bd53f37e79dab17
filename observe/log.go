package observe

import (
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Of equal lines within a second the first sampleFirst are logged, then
// every sampleThen-th, so that a flood of bad records is not one of logs.
const (
	sampleFirst = 100
	sampleThen  = 1000
)

// NewAudit returns a logger that leaves no line out, whatever the level of the
// others, for who has changed what.
func NewAudit(c LogConfig, out io.Writer) *zap.Logger {
	return zap.New(newCore(c, zapcore.InfoLevel, out))
}

// NewLogger returns a logger that writes to out.
func NewLogger(c LogConfig, out io.Writer) (*zap.Logger, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, err
	}
	return zap.New(zapcore.NewSamplerWithOptions(newCore(c, level, out), time.Second, sampleFirst, sampleThen)), nil
}

func newCore(c LogConfig, level zapcore.Level, out io.Writer) zapcore.Core {
	format := zap.NewProductionEncoderConfig()
	format.EncodeTime = zapcore.RFC3339TimeEncoder
	format.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(format)
	if c.Format == "console" {
		format.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(format)
	}
	return zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), level)
}
