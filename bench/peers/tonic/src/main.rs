// The services of echo.proto on tonic: tonic-echo PORT. One thread, as every server of the comparison.
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

pub mod bench {
    tonic::include_proto!("bench");
}
use bench::echo_server::{Echo, EchoServer};
use bench::Payload;

pub mod held {
    include!(concat!(env!("OUT_DIR"), "/held/bench.rs"));
}
use held::store_server::{Store, StoreServer};

const MESSAGE_LIMIT: usize = 64 << 20;

type Replies = Pin<Box<dyn Stream<Item = Result<Payload, Status>> + Send>>;

// Always ready. tokio_stream::iter would give up its turn after every 32 items, which costs 2.4 times as much.
struct Copies {
    payload: Payload,
    left: usize,
}

impl Stream for Copies {
    type Item = Result<Payload, Status>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(self.payload.clone())))
    }
}

struct EchoService;

#[tonic::async_trait]
impl Echo for EchoService {
    async fn unary(&self, request: Request<Payload>) -> Result<Response<Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    type ServerStreamStream = Replies;

    async fn server_stream(&self, request: Request<Payload>) -> Result<Response<Replies>, Status> {
        let payload = request.into_inner();
        let left = payload.id.max(0) as usize;
        Ok(Response::new(Box::pin(Copies { payload, left })))
    }

    async fn client_stream(&self, request: Request<Streaming<Payload>>) -> Result<Response<Payload>, Status> {
        let mut messages = request.into_inner();
        let mut taken = 0;
        while messages.message().await?.is_some() {
            taken += 1;
        }
        Ok(Response::new(Payload { id: taken, ..Default::default() }))
    }

    type BidiStream = Replies;

    async fn bidi(&self, request: Request<Streaming<Payload>>) -> Result<Response<Replies>, Status> {
        Ok(Response::new(Box::pin(request.into_inner().map(|payload| payload))))
    }
}

// The bodies that are held, by their sizes.
struct StoreService(Vec<prost::bytes::Bytes>);

#[tonic::async_trait]
impl Store for StoreService {
    async fn fetch(&self, request: Request<held::Payload>) -> Result<Response<held::Payload>, Status> {
        let size = request.into_inner().id;
        let Some(body) = self.0.iter().find(|body| body.len() as i64 == i64::from(size)) else {
            return Err(Status::not_found(format!("no body of {size} bytes is held")));
        };
        Ok(Response::new(held::Payload { body: body.clone(), ..Default::default() }))
    }
}

fn main() {
    let port: u16 = std::env::args().nth(1).expect("usage: tonic-echo PORT").parse().expect("PORT is a number");
    let service = EchoServer::new(EchoService)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    let store = StoreServer::new(StoreService([16 << 10, 64 << 10, 1 << 20].map(|size| vec![b'w'; size].into()).into()))
        .max_encoding_message_size(MESSAGE_LIMIT);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime
        .block_on(tonic::transport::Server::builder().add_service(service).add_service(store).serve(([127, 0, 0, 1], port).into()))
        .unwrap();
}
