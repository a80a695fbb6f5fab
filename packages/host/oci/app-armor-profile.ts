/** As `cat /proc/1/attr/current` shows it. */
export const defaultProfileName = 'skiff-default'

/**
 * What a container may do that asks for no other profile: all that its capabilities and its files let it, but mount, change settings of the kernel that are not its own, read what tells of the
 * machine's memory and firmware, and trace or signal others than its own kind. In the language of apparmor.d(5), version 2.12 and later.
 */
export const defaultProfile = `profile ${defaultProfileName} flags=(attach_disconnected,mediate_deleted) {
  network,
  unix,
  capability,
  file,

  # Whoever runs the container ends it; programs of containers signal and look at each other only.
  signal (receive) peer=unconfined,
  signal (receive) peer=crun,
  signal (receive) peer=runc,
  signal (send, receive) peer=${defaultProfileName},
  ptrace (trace, read, tracedby, readby) peer=${defaultProfileName},

  umount,
  deny mount,
  deny remount,
  deny pivot_root,

  # In /proc: what is the kernel's, and not a process's, whose folders are numbers.
  deny /proc/* wkl,
  deny /proc/{acpi,asound,bus,driver,dynamic_debug,fs,ide,ipmi,irq,scsi,tty}/** wkl,
  deny /proc/{kcore,kmem,mem,kpagecount,kpageflags,kpagecgroup,sysrq-trigger} rwklx,

  # Settings: those of the network and of messages between processes are the pod's own.
  deny /proc/sys/{abi,crypto,debug,dev,fs,sunrpc,user,vm}/** wkl,
  deny /proc/sys/kernel/*/** wkl,
  deny /proc/sys/kernel/{[^ms],m[^s],s[^eh]}* wkl,

  # In /sys: all but the container's groups.
  deny /sys/{block,bus,class,dev,devices,firmware,hypervisor,kernel,module,power}/** wkl,
  deny /sys/fs/{bpf,btrfs,ecryptfs,ext4,f2fs,fuse,nfs,pstore,resctrl,selinux,smackfs,xfs}/** wkl,
  deny /sys/{firmware,kernel/debug,kernel/security,kernel/tracing}/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
}
`
