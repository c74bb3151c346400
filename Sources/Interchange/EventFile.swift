import Foundation

/// A file of events for TensorBoard: records of tensorflow/core/lib/io/record_writer.h, each an `Event` of tensorflow/core/util/event.proto.
///
/// Records are appended as they come, so that TensorBoard shows a training that is going on. One that goes on after an interruption begins a
/// new file in the same folder, whose first event says from which step on all earlier files no longer count (`SessionLog.START`, what
/// PyTorch's `SummaryWriter` calls `purge_step`).
public final class EventFile {
    public let path: String
    private let file: OutputFile

    private static let prefix = "events.out.tfevents."

    /// Begins a file in a folder, which is made where it is missing.
    ///
    /// - Parameters:
    ///   - step: the first step that this file is going to tell of. Where the folder has event files already, what they tell of it and of
    ///     later ones is dropped.
    ///   - time: what the clock says, in seconds since 1970.
    public init(folder: String, from step: Int, time: Double = Date().timeIntervalSince1970) throws(InterchangeError) {
        try OutputPath.makeFolder(folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let earlier = names.filter { $0.hasPrefix(Self.prefix) }
        // Files are read in the order of their names.
        let last = earlier.compactMap { Int($0.dropFirst(Self.prefix.count).prefix { $0 != "." }) }.filter { $0 < 9_999_999_999 }.max()
        let second = max(Int(min(max(time, 0), 9e9)), (last ?? -1) + 1)
        path = folder + "/" + Self.prefix + String(format: "%010d", second) + ".\(ProcessInfo.processInfo.processIdentifier).braid"
        file = try OutputFile(appendingTo: path)
        var version = Self.event(time, step)
        version.text(3, "brain.Event:2")
        try append(version)
        if !earlier.isEmpty {
            var start = ProtobufMessage()
            start.integer(1, 1)
            var event = Self.event(time, step)
            event.message(7, start)
            try append(event)
        }
    }

    /// Appends values of a step.
    public func write(_ values: [EventValue], step: Int, time: Double = Date().timeIntervalSince1970) throws(InterchangeError) {
        var summary = ProtobufMessage()
        for value in values { summary.message(1, value.message) }
        var event = Self.event(time, step)
        event.message(5, summary)
        try append(event)
    }

    /// The fields that all events have: `wall_time` (1) and `step` (2).
    private static func event(_ time: Double, _ step: Int) -> ProtobufMessage {
        var event = ProtobufMessage()
        event.double(1, time)
        if step != 0 { event.integer(2, step) }
        return event
    }

    private func append(_ event: ProtobufMessage) throws(InterchangeError) { try file.write(Self.record(event.bytes)) }

    /// A record: the length in 8 bytes, its masked checksum, the data, their masked checksum.
    static func record(_ data: [UInt8]) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { [UInt8]($0) }
        func sum(_ bytes: [UInt8]) -> [UInt8] { withUnsafeBytes(of: CRC32C.masked(bytes).littleEndian) { [UInt8]($0) } }
        return length + sum(length) + data + sum(data)
    }
}
