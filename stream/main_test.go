package stream_test

import (
	"os"
	"testing"

	"muster/test/kit/kafka"
)

func TestMain(m *testing.M) { os.Exit(kafka.Main(m)) }
