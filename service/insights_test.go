package service

import (
	"errors"
	"strings"
	"testing"

	"go.uber.org/zap"

	"muster/config"
	"muster/rules"
)

// TestInsightsSayWhatTheyNeed before anything is read.
func TestInsightsSayWhatTheyNeed(t *testing.T) {
	set, err := rules.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*config.Config){
		"redis.trail_max is 0":       func(c *config.Config) { c.Redis.TrailMax, c.API.Insecure, c.Snapshot.Listen = 0, true, "127.0.0.1:0" },
		"tokens_file is missing":     func(*config.Config) {},
		"insecure is set":            func(c *config.Config) { c.API.Insecure = true },
		"open /none/tokens: no such": func(c *config.Config) { c.API.TokensFile = "/none/tokens" },
	} {
		cfg := config.Default()
		cfg.Redis.TrailMax = 5000
		change(&cfg)
		var refused *UnusableError
		if err := NewInsights(cfg, set, zap.NewNop()).Serve(t.Context(), nil, nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
