module tandem.test/influx2

go 1.24

require github.com/influxdata/influxdb/v2 v2.7.12
