//! Compressed streams.

use super::Format;
use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use std::io::{self, BufRead, BufReader, Read};

/// Dictionaries larger than this are refused: `xz -9` takes 64 MiB.
const XZ_MEMORY_KIB: u32 = 66 << 10;
/// Windows larger than this are refused: `zstd -19` takes 8 MiB, `--long` 128 MiB.
const ZSTD_WINDOW: u64 = 32 << 20;

/// The stream inside a compressed one. Several streams in a row are one, as their tools have it.
pub(super) fn decoder<'a>(format: Format, stream: &'a mut dyn Read) -> Option<Box<dyn Read + 'a>> {
    Some(match format {
        Format::Gzip => Box::new(flate2::read::MultiGzDecoder::new(stream)),
        Format::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(stream)),
        Format::Xz => Box::new(XzReader::new_mem_limit(
            BufReader::new(stream),
            true,
            XZ_MEMORY_KIB,
        )),
        Format::Zstd => Box::new(Zstd::new(stream)),
        Format::Tar | Format::Zip => return None,
    })
}

/// Frames of Zstandard, one after the other.
pub(super) struct Zstd<R: Read> {
    state: State<R>,
}

enum State<R: Read> {
    Between(BufReader<R>),
    Frame(Box<StreamingDecoder<BufReader<R>, FrameDecoder>>),
    Done,
}

impl<R: Read> Zstd<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            state: State::Between(BufReader::new(inner)),
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Ok(0),
                State::Between(mut source) => {
                    if source.fill_buf()?.is_empty() {
                        return Ok(0);
                    }
                    let mut frame = FrameDecoder::new();
                    frame.set_max_window_size(ZSTD_WINDOW);
                    let decoder = StreamingDecoder::new_with_decoder(source, frame)
                        .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
                    self.state = State::Frame(Box::new(decoder));
                }
                State::Frame(mut decoder) => {
                    let count = decoder.read(buffer)?;
                    if count > 0 {
                        self.state = State::Frame(decoder);
                        return Ok(count);
                    }
                    self.state = State::Between(decoder.into_inner());
                }
            }
        }
    }
}
