import Compiler
import Foundation
import Interchange
import Runtime

/// Reads the pictures of a run.
///
/// While a batch is computed, the next ones are read by threads of their own, where there are cores for both; else the threads that compute read
/// them in between.
struct PictureReader {
    /// A picture as the network takes it, or why it cannot be read.
    typealias Picture = (picture: InputPicture, values: Result<PictureValues, InterchangeError>)
    typealias Next = ReadAhead<InputPicture, Picture>.Next

    /// What is read ahead at most, where a picture does not have more by itself, in bytes.
    private static let readAheadBytes = 256 << 20

    private let take: (_ isInterrupted: () -> Bool, _ meanwhile: () -> Void) -> Next

    /// Begins to read.
    ///
    /// - Parameter pool: the threads that compute; they do nothing else while the next picture is asked for.
    init(_ sources: PictureSources, _ reading: PictureReading, _ network: Network, batch: Int, pool: ThreadPool) {
        let read: @Sendable (InputPicture) -> Picture = { picture in
            (picture, Result { () throws(InterchangeError) in try reading.read(picture.source) })
        }
        // What several batches need: after a batch, the decoder has left the caches, and starts slowly.
        let extents = network.graph.nodes.first { $0.inputName != nil }?.type.shape.dimensions.dropFirst().compactMap(\.value) ?? []
        let bytes = extents.count == 3 ? extents.reduce(1, *) : 4 << 20
        let ahead = max(pool.threads + 1, min(4 * batch, Self.readAheadBytes / max(1, bytes)))
        if pool.threads < ProcessInfo.processInfo.activeProcessorCount {
            let reader = ReadAhead(ahead: ahead, threads: pool.threads, source: sources.next, make: read)
            take = { isInterrupted, meanwhile in
                meanwhile()
                return reader.next(isInterrupted: isInterrupted)
            }
        } else {
            // Files are fetched while a batch is computed: that takes no core.
            let coming = ReadAhead(ahead: ahead, threads: 1, source: sources.next) { picture in
                picture.source.announce()
                return picture
            }
            take = MakeInTurn(of: coming, atOnce: ahead, pool: pool, make: read).next
        }
    }

    /// Waits for the next picture.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked now and then; true is an end.
    ///   - meanwhile: other work, done before, or while other threads read.
    func next(_ isInterrupted: () -> Bool, meanwhile: () -> Void) -> Next { take(isInterrupted, meanwhile) }
}
