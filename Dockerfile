# bulkatlas in a container. This file has not been built by its authors: their machines have no container engine. Tell us if it fails.
#   docker build -t bulkatlas .                         curation only
#   docker build -t bulkatlas --build-arg EXTRA=[model] .   and the model
#   docker run --rm -v "$PWD:/work" bulkatlas curate demo world
FROM python:3.12-slim
ARG EXTRA=""
COPY . /src
RUN pip install --no-cache-dir "/src${EXTRA}" && rm -rf /src
WORKDIR /work
CMD ["curate", "--help"]
