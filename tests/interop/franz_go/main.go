// Drives franz-go; ../driver_process.py says how.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

type command struct {
	Do          string          `json:"do"`
	Topic       string          `json:"topic"`
	Group       string          `json:"group"`
	Partitions  int32           `json:"partitions"`
	Codec       string          `json:"codec"`
	Idempotence bool            `json:"idempotence"`
	Records     json.RawMessage `json:"records"`
	ID          string          `json:"id"`
	End         string          `json:"end"`
}

var writing sync.Mutex

// write puts one message on a line of its own.
func write(message any) {
	line, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	writing.Lock()
	defer writing.Unlock()
	fmt.Println(string(line))
}

func main() {
	driver := &driver{seeds: os.Args[1]}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 16<<20)
	for input.Scan() {
		var told command
		err := json.Unmarshal(input.Bytes(), &told)
		var done any
		if err == nil {
			done, err = driver.obey(told)
		}
		if err != nil {
			write(map[string]any{"error": err.Error()})
		} else {
			write(map[string]any{"done": done})
		}
	}
}
