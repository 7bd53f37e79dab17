package main

import (
	"context"
	"fmt"

	"go.uber.org/zap"
)

// redisLog takes what go-redis itself has to say, which otherwise goes to
// standard error. Whatever matters comes back as an error as well.
type redisLog struct{ log *zap.Logger }

// Printf is go-redis' interface of a logger.
func (l redisLog) Printf(_ context.Context, format string, arguments ...any) {
	l.log.Debug("redis client: " + fmt.Sprintf(format, arguments...))
}
