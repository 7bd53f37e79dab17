package service

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// LogRedis has the log take what go-redis itself has to say, at level debug.
// It otherwise goes to standard error, from the whole process. Whatever
// matters comes back as an error as well.
func LogRedis(log *zap.Logger) { redis.SetLogger(redisLog{log}) }

// redisLog is a log as go-redis knows one.
type redisLog struct{ log *zap.Logger }

// Printf is go-redis' interface of a logger.
func (l redisLog) Printf(_ context.Context, format string, arguments ...any) {
	l.log.Debug("redis client: " + fmt.Sprintf(format, arguments...))
}
