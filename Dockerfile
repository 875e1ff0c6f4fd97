# The suite from its pinned constraints: docker build -t dd-bench . && docker run dd-bench run ablation
# For an NVIDIA GPU: docker run --gpus all; PyTorch's Linux wheels bring CUDA's libraries along.
FROM python:3.12-slim
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY bench bench
COPY methods methods
COPY evaluators evaluators
COPY studies studies
COPY reports reports
# wheels alone: nothing is compiled, so that the image needs no compiler
RUN pip install --no-cache-dir --only-binary :all: -c constraints.txt "setuptools>=77" && \
    pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . && \
    pip install --no-cache-dir --only-binary :all: -c constraints.txt /tmp/wheel/*.whl && \
    rm -rf /tmp/wheel /src
RUN useradd --create-home bench && mkdir /work && chown bench /work
USER bench
WORKDIR /work
VOLUME /work
ENTRYPOINT ["bench"]
CMD ["--help"]
