complete -c dkms -s m -l module -d 'Module name, or name and version' -r
complete -c dkms -s v -d 'Module version' -r
complete -c dkms -s k -l kernelver -d 'Kernel release, or release and architecture; may be repeated. Default: the running kernel' -r
complete -c dkms -s a -l arch -d 'Architecture; may be repeated, one for each kernel' -r
complete -c dkms -l templatekernel -d 'The kernel whose modules `match` takes as a model' -r
complete -c dkms -s c -d 'Use this file in place of the module\'s dkms.conf' -r -F
complete -c dkms -l directive -d 'Set a directive of dkms.conf for this run; may be repeated' -r
complete -c dkms -l config -d 'Kernel configuration in place of the kernel\'s own' -r -F
complete -c dkms -l kernelsourcedir -d 'Headers in place of the kernel\'s own' -r -f -a "(__fish_complete_directories)"
complete -c dkms -l archive -d 'Tarball to load or to write' -r -F
complete -c dkms -s j -d 'Compilers at a time, 0 for no limit. Default: the processors that may be used' -r
complete -c dkms -l root -d 'Work on the system below this directory: its configuration, trees, kernels and programs' -r -f -a "(__fish_complete_directories)"
complete -c dkms -l dkmstree -d 'State of dkms. Default: /var/lib/dkms' -r -f -a "(__fish_complete_directories)"
complete -c dkms -l sourcetree -d 'Sources of modules. Default: /usr/src' -r -f -a "(__fish_complete_directories)"
complete -c dkms -l installtree -d 'Module directories of kernels. Default: /lib/modules' -r -f -a "(__fish_complete_directories)"
complete -c dkms -l all -d 'All kernels that the module is built for'
complete -c dkms -l all-kernels -d 'With autoinstall: every installed kernel that has its headers; with verify: every installed one'
complete -c dkms -l next-boot -d 'With verify: the kernel that boots next, alone'
complete -c dkms -l binaries-only -d 'Pack only built objects'
complete -c dkms -l source-only -d 'Pack only the source'
complete -c dkms -l force -d 'Do it even if it was done already or a check says no'
complete -c dkms -l force-version-override -d 'Install even over a newer module of the kernel'
complete -c dkms -l no-depmod -d 'Leave out depmod'
complete -c dkms -l modprobe-on-install -d 'After an installation for the running kernel, load the modules of devices that are present'
complete -c dkms -l symlink-modules -d 'Install symbolic links to the built modules instead of copies'
complete -c dkms -l rpm_safe_upgrade -d 'For scriptlets of rpm packages: a removal that belongs to an upgrade to the same version does nothing'
complete -c dkms -l json -d 'Show as JSON, with status, plan, explain, verify and mok status'
complete -c dkms -l previous -d 'With log: the attempt before the last one'
complete -c dkms -s q -l quiet -d 'Print nothing to standard output; errors and warnings stay'
complete -c dkms -l verbose -d 'Say more'
complete -c dkms -l debug -d 'Say everything'
complete -c dkms -l no-initrd -d 'Accepted, without effect'
complete -c dkms -l no-clean-kernel -d 'Accepted, without effect'
complete -c dkms -l no-prepare-kernel -d 'Accepted, without effect'
complete -c dkms -s V -l version -d 'Show the version of dkms that this one stands in for, with --verbose its own, too'
complete -c dkms -s h -l help -d 'Print help'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a add -d 'Register a module version with its source'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a build -d 'Build it, registering it first if needed'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a install -d 'Install it, building it first if needed'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a uninstall -d 'Take it out of kernels, keep what was built'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a unbuild -d 'Uninstall it and drop what was built'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a remove -d 'Unbuild it; forget it when nothing is left'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a autoinstall -d 'Install every module that wants it'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a status -d 'Show what is registered, built and installed'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a plan -d 'Show what a verb would do and why; without one: autoinstall'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a verify -d 'Say whether each kernel will have its modules when it boots'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a log -d 'Show how it was built the last time, the first error on top'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a explain -d 'Show why it was built, skipped, kept or refused'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a match -d 'Install for one kernel what another one has'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a mktarball -d 'Pack source and built objects'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a ldtarball -d 'Load what mktarball packed'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a mok -d 'Tell whether kernels trust the keys that sign modules, make them, enrol them'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a generate_mok -d 'Make the key and certificate that sign modules'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a kernel_preinst -d 'Kernel package hook: a kernel is about to be replaced'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a kernel_postinst -d 'Kernel package hook: a kernel was installed'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a kernel_prerm -d 'Kernel package hook: a kernel is about to be removed'
complete -c dkms -n 'not __fish_seen_subcommand_from add build install uninstall unbuild remove autoinstall status verify log explain match mktarball ldtarball mok generate_mok kernel_preinst kernel_postinst kernel_prerm' -a help -d 'Show the help of a verb'
complete -c dkms -n '__fish_seen_subcommand_from mok' -a 'status generate enroll'
complete -c dkms -a '(dkms status 2>/dev/null | sed \'s/[,:].*//\' | sort -u)'
complete -c dkms -s k -l kernelver -x -a '(ls /lib/modules 2>/dev/null)'
complete -c dkms -l templatekernel -x -a '(ls /lib/modules 2>/dev/null)'
complete -c dkms -s m -l module -x -a '(dkms status 2>/dev/null | sed \'s/[,:].*//\' | sort -u)'
