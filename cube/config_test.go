package cube_test

import (
	"strings"
	"testing"

	"muster/cube"
)

func TestConfig(t *testing.T) {
	if err := cube.Default().Validate(); err != nil {
		t.Error(err)
	}
	for _, cells := range []int{16, 1_000_000} {
		if err := (cube.Config{Cells: cells, Days: 3660}).Validate(); err != nil {
			t.Error(err)
		}
	}
	for want, c := range map[string]cube.Config{
		"cells is 15":      {Cells: 15, Days: 1},
		"cells is 1000001": {Cells: 1_000_001, Days: 1},
		"days is 0":        {Cells: 16},
		"days is 3661":     {Cells: 16, Days: 3661},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
