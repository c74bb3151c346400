import Foundation
internal import CZlib

/// Compression in the gzip format (RFC 1952).
public enum Gzip {
    /// Tells whether `data` starts like a gzip file.
    public static func isCompressed(_ data: Data) -> Bool { data.starts(with: [0x1f, 0x8b]) }

    /// The most bytes that `compressed` bytes of deflate can stand for (zlib's documented limit of 1032 to 1).
    static func largestOutput(compressed: Int) -> Int {
        let (product, overflow) = compressed.multipliedReportingOverflow(by: 1032)
        return overflow ? .max : product
    }

    /// Compresses `bytes`; the same bytes give the same result (the header holds no time).
    public static func compress(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        precondition((0...9).contains(level) && bytes.count <= Int(UInt32.max), "cannot compress \(bytes.count) bytes at level \(level)")
        var stream = z_stream()
        let gzipWindow: Int32 = 15 + 16
        let started = deflateInit2_(
            &stream, level, Z_DEFLATED, gzipWindow, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(started == Z_OK, "zlib does not start: \(started)")
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBufferPointer { input in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(bound)
                let ended = zlibDeflate(&stream, Z_FINISH)
                precondition(ended == Z_STREAM_END, "zlib does not finish: \(ended)")
                count = bound - Int(stream.avail_out)
            }
        }
    }

    /// Compresses bytes to one deflated stream with neither header nor checksum (RFC 1951), as in ZIP archives.
    static func deflate(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var stream = z_stream()
        let started = deflateInit2_(
            &stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(started == Z_OK, "zlib does not start: \(started)")
        defer { deflateEnd(&stream) }
        var result: [UInt8] = []
        var place = 0
        // zlib counts 32 bits: larger contents are given in pieces.
        repeat {
            let count = min(bytes.count - place, 1 << 20)
            let isLast = place + count == bytes.count
            bytes[place..<place + count].withUnsafeBufferPointer { input in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(count)
                repeat {
                    result += [UInt8](unsafeUninitializedCapacity: 1 << 16) { output, made in
                        stream.next_out = output.baseAddress
                        stream.avail_out = UInt32(output.count)
                        let status = zlibDeflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                        precondition(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR, "zlib fails: \(status)")
                        made = output.count - Int(stream.avail_out)
                    }
                } while stream.avail_out == 0
            }
            place += count
        } while place < bytes.count
        return result
    }

    /// zlib's function, which the method of the same name hides.
    private static func zlibDeflate(_ stream: inout z_stream, _ flush: Int32) -> Int32 { CZlib.deflate(&stream, flush) }

    /// Expands `data` to at most `maximum` bytes; `path` names the file in errors.
    public static func expand(_ data: Data, path: String, maximum: Int) throws(InterchangeError) -> [UInt8] {
        let stream = GzipReader(data, path: path)
        var result: [UInt8] = []
        while true {
            let piece = try stream.read(upTo: 1 << 16)
            if piece.isEmpty { return result }
            if result.count + piece.count > maximum {
                throw InterchangeError(path, "the file expands to more than \(maximum) bytes", repair: "name a smaller file")
            }
            result += piece
        }
    }
}

/// Expands a gzip file in memory piece by piece, its members (RFC 1952, section 2.2) one after the other.
///
/// Zeros behind a member are passed over, as gzip(1) and Python do: tapes and some object stores fill files up to whole blocks.
public final class GzipReader {
    private let data: Data
    private let path: String
    /// zlib keeps a pointer back to its stream, so that must not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private var offset = 0
    private var isFinished = false
    private let isRaw: Bool

    /// - Parameter isRaw: whether the data are one deflated stream with neither header nor checksum (RFC 1951), as in ZIP archives.
    public init(_ data: Data, path: String, isRaw: Bool = false) {
        self.data = data
        self.path = path
        self.isRaw = isRaw
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // The window's bits: with 16 more for gzip's header, negative for none.
        let started = inflateInit2_(stream, isRaw ? -15 : 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(started == Z_OK, "zlib does not start: \(started)")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Returns the next bytes, `count` of them unless the file ends before; none at its end.
    public func read(upTo count: Int) throws(InterchangeError) -> [UInt8] {
        var failure: InterchangeError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            do throws(InterchangeError) {
                while initialized < count, !isFinished {
                    initialized += try step(UnsafeMutableBufferPointer(rebasing: output[initialized..<count]))
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Calls zlib once; returns how many bytes it made.
    private func step(_ output: UnsafeMutableBufferPointer<UInt8>) throws(InterchangeError) -> Int {
        let room = min(output.count, Int(Int32.max))
        let (status, used, made) = data.withUnsafeBytes { input -> (Int32, Int, Int) in
            let available = min(input.count - offset, Int(Int32.max))
            let start = input.baseAddress?.advanced(by: offset).assumingMemoryBound(to: UInt8.self)
            stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
            stream.pointee.avail_in = UInt32(available)
            stream.pointee.next_out = output.baseAddress
            stream.pointee.avail_out = UInt32(room)
            let status = inflate(stream, Z_NO_FLUSH)
            return (status, available - Int(stream.pointee.avail_in), room - Int(stream.pointee.avail_out))
        }
        offset += used
        switch status {
        case Z_OK where used > 0 || made > 0: break
        case Z_STREAM_END where isRaw: isFinished = true
        case Z_STREAM_END:
            offset += data.dropFirst(offset).prefix { $0 == 0 }.count
            isFinished = offset == data.count
            if !isFinished { inflateReset(stream) }
        case Z_OK, Z_BUF_ERROR:
            throw InterchangeError(path, .byte(offset), "the compressed data end too early", repair: "fetch the file again")
        default:
            let detail = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
            throw InterchangeError(path, .byte(offset), "the compressed data are damaged (\(detail))", repair: "fetch the file again")
        }
        return made
    }
}
