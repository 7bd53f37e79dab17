package soak

import (
	"os"
	"testing"

	"muster/test/kit/garbage"
)

func TestMain(m *testing.M) { os.Exit(garbage.Main(m)) }
