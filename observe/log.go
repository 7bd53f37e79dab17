package observe

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// LogConfig says what is logged and how.
type LogConfig struct {
	// Level is the least important level that is logged: debug, info, warn
	// or error. Default info.
	Level string `yaml:"level"`
	// Format is console, for people, or json, for machines. Default console.
	Format string `yaml:"format"`
}

// DefaultLogConfig returns the documented defaults.
func DefaultLogConfig() LogConfig { return LogConfig{Level: "info", Format: "console"} }

// Validate reports the first value that is not known.
func (c LogConfig) Validate() error {
	if c.Level != "debug" && c.Level != "info" && c.Level != "warn" && c.Level != "error" {
		return fmt.Errorf("level is %q; it must be debug, info, warn or error", c.Level)
	}
	if c.Format != "console" && c.Format != "json" {
		return fmt.Errorf("format is %q; it must be console or json", c.Format)
	}
	return nil
}

// Of equal lines within a second the first sampleFirst are logged, then
// every sampleThen-th, so that a flood of bad records is not one of logs.
const (
	sampleFirst = 100
	sampleThen  = 1000
)

// NewLogger returns a logger that writes to out.
func NewLogger(c LogConfig, out io.Writer) (*zap.Logger, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, err
	}
	format := zap.NewProductionEncoderConfig()
	format.EncodeTime = zapcore.RFC3339TimeEncoder
	format.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(format)
	if c.Format == "console" {
		format.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(format)
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), level)
	return zap.New(zapcore.NewSamplerWithOptions(core, time.Second, sampleFirst, sampleThen)), nil
}
