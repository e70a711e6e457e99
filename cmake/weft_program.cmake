# The program itself, what is installed, and the tarball.

if(EXISTS ${CMAKE_SOURCE_DIR}/src/cli/main.c)
  get_property(floors GLOBAL PROPERTY WEFT_FLOOR_TARGETS)
  list(REVERSE floors)
  add_executable(weft src/cli/main.c)
  target_link_libraries(weft PRIVATE ${floors} weft_options)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    # Debug information goes beside the program; gdb finds it there by the link.
    add_custom_command(TARGET weft POST_BUILD
      COMMAND ${CMAKE_OBJCOPY} --only-keep-debug weft weft.debug
      COMMAND ${CMAKE_STRIP} weft
      COMMAND ${CMAKE_OBJCOPY} --add-gnu-debuglink=weft.debug weft
      WORKING_DIRECTORY ${CMAKE_BINARY_DIR} VERBATIM)
  endif()
  install(TARGETS weft RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # Beside the program, which looks for it next to /proc/self/exe.
  install(PROGRAMS ${WEFT_LIBDUCKDB} DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES LICENSE docs/licences.md share/LIBRARIES share/LICENSE.yyjson
    DESTINATION ${CMAKE_INSTALL_DATADIR}/weft)
  install(FILES ${WEFT_NPM_LIBDUCKDB}/LICENSE
    DESTINATION ${CMAKE_INSTALL_DATADIR}/weft RENAME LICENSE.duckdb)
endif()

set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_NAME weft)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_FILE_NAME weft-${PROJECT_VERSION}-linux-x86_64)
set(CPACK_INCLUDE_TOPLEVEL_DIRECTORY ON)
include(CPack)
