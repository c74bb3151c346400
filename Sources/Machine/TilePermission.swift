internal import CProcessor

/// The system's leave to use tiles, whose registers are so large that each process has to ask for them.
enum TilePermission {
    /// Asks once; what was granted holds for the process and for the threads that are made from then on.
    static func isGranted() -> Bool { braid_processor_request_tiles() != 0 }
}
