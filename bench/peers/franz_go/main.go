// Loads a broker through franz-go, with the same settings as client_load.cc and through its fastest interfaces. Takes
// what bench/load.h describes, and prints the same line of JSON.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type load struct {
	mode       string
	brokers    string
	topic      string
	records    int64
	valueBytes int
	codec      string
}

func main() {
	if len(os.Args) != 7 {
		fail("wanted: %s produce|consume BROKERS TOPIC RECORDS VALUE_BYTES CODEC", os.Args[0])
	}
	job := load{
		mode:       os.Args[1],
		brokers:    os.Args[2],
		topic:      os.Args[3],
		records:    int64(number(os.Args[4])),
		valueBytes: number(os.Args[5]),
		codec:      os.Args[6],
	}
	switch job.mode {
	case "produce":
		produce(job)
	case "consume":
		consume(job)
	default:
		fail("wanted produce or consume, found %q", job.mode)
	}
}

// batchBytes is batch.size of the others. kgo goes on to another partition after as many bytes, as they do.
const batchBytes = 128 << 10

func produce(job load) {
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "lz4": kgo.Lz4Compression()}
	codec, known := codecs[job.codec]
	if !known {
		fail("wanted none or lz4, found %q", job.codec)
	}
	client := open(job,
		kgo.RequiredAcks(kgo.AllISRAcks()), // idempotent, as by default
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.ProducerBatchMaxBytes(batchBytes),
		kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(kgo.UniformBytesPartitioner(batchBytes, true, true, nil)),
		kgo.MaxBufferedBytes(32<<20), // our buffer.memory; and 50,000 records, its default
		kgo.DefaultProduceTopic(job.topic))
	defer client.Close()
	connect(client)
	value := valueOf(job.valueBytes)

	// A record is kgo's until it is acknowledged, and is used again then.
	idle := sync.Pool{New: func() any { return new(kgo.Record) }}
	var delivered atomic.Int64
	onDelivery := func(record *kgo.Record, err error) {
		if err != nil {
			fail("%v", err)
		}
		delivered.Add(1)
		*record = kgo.Record{}
		idle.Put(record)
	}
	ctx := context.Background()
	watch := startWatch()
	for range job.records {
		record := idle.Get().(*kgo.Record)
		record.Value = value
		client.Produce(ctx, record, onDelivery)
	}
	if err := client.Flush(ctx); err != nil {
		fail("%v", err)
	}
	watch.report(job.records)
	if delivered.Load() != job.records {
		fail("wanted %d records acknowledged, found %d", job.records, delivered.Load())
	}
}

// recordPool lets kgo use the records that were recycled again.
type recordPool struct{ sync.Pool }

func (pool *recordPool) GetRecords(count int) []kgo.Record {
	if recycled, some := pool.Get().(*[]kgo.Record); some && cap(*recycled) >= count {
		return (*recycled)[:count]
	}
	return make([]kgo.Record, count)
}

func (pool *recordPool) PutRecords(records []kgo.Record) { pool.Put(&records) }

// consume leaves fetch.max.bytes, max.partition.fetch.bytes and the rest as they are, which is as Kafka's are. CRCs are
// checked by default.
func consume(job load) {
	client := open(job, kgo.ConsumeTopics(job.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.WithPools(new(recordPool)))
	connect(client)
	ctx := context.Background()
	watch := startWatch()
	var records, bytes int64
	for records < job.records {
		fetches := client.PollFetches(ctx)
		for _, failed := range fetches.Errors() {
			fail("%s: %v", failed.Topic, failed.Err)
		}
		fetches.EachPartition(func(part kgo.FetchTopicPartition) {
			for _, record := range part.Records {
				bytes += int64(len(record.Value))
				record.Recycle()
			}
			records += int64(len(part.Records))
		})
	}
	watch.report(records)
	if bytes != records*int64(job.valueBytes) {
		fail("values changed size")
	}
	os.Exit(0) // closing is not measured
}

func open(job load, options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(strings.Split(job.brokers, ",")...))...)
	if err != nil {
		fail("%v", err)
	}
	return client
}

// connect leaves less to do while it is measured; the other programs ask for the topic's metadata first.
func connect(client *kgo.Client) {
	if err := client.Ping(context.Background()); err != nil {
		fail("%v", err)
	}
}

// valueOf gives the text of value_of() in bench/load.h.
func valueOf(size int) []byte {
	var value []byte
	for state := uint32(1); len(value) < size; {
		state = state*1664525 + 1013904223
		value = fmt.Appendf(value, "field%d=%d ", state%7, state>>20)
	}
	return value[:size]
}

// watch measures wall time, and the CPU of all threads.
type watch struct {
	started time.Time
	cpu     time.Duration
}

func startWatch() watch { return watch{time.Now(), cpuTime()} }

func (w watch) report(records int64) {
	wall, cpu := time.Since(w.started), cpuTime()-w.cpu
	fmt.Printf("{\"records_per_s\": %.0f, \"cpu_ns_per_record\": %.1f}\n",
		float64(records)/wall.Seconds(), float64(cpu.Nanoseconds())/float64(records))
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail("%v", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		fail("%v", err)
	}
	return value
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}
