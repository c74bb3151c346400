import Foundation

/// Runs with bytes at the very end of memory: whatever reads behind them faults.
func atTheEndOfMemory(_ values: [UInt8], _ body: (UnsafePointer<UInt8>) -> Void) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let size = (values.count + page - 1) / page * page
    let start = mmap(nil, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    mprotect(start + size, page, PROT_NONE)
    let bytes = (start + size - values.count).assumingMemoryBound(to: UInt8.self)
    bytes.initialize(from: values, count: values.count)
    body(bytes)
    munmap(start, size + page)
}
