#!/bin/bash
# Fetches OpenTelemetry's Java SDK with its OTLP exporters (over okhttp and over grpc-java) with Maven, compiles
# otlp-java against them and prints the class path.
source "$(dirname "$0")/cache.sh"
from=$here/otlp-java

build() {
  cp "$from/pom.xml" .
  nice -n 15 mvn -q -B dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=libraries
  javac -cp 'libraries/*' -d classes "$from/OtlpJava.java"
}

folder=$(once "otlp-java-$(key "$0" "$from"/*)" build)
echo "$folder/classes:$folder/libraries/*"
